// The frame of every page, and which page an address means.
import { useEffect } from "preact/hooks";
import { askForToken, get, signOut, token, wantsToken } from "./lib/api";
import { openAlerts } from "./lib/fleet";
import { helpOpen } from "./lib/keys";
import { fleetResource, useLive } from "./lib/live";
import { useResource } from "./lib/resource";
import { href, route } from "./lib/router";
import { connection, type Connection } from "./lib/stream";
import type { Theme } from "./lib/theme";
import { setTheme, theme } from "./lib/theme_state";
import { Guard } from "./parts/guard";
import { Help } from "./parts/help";
import { Logo, ThemeIcon } from "./parts/icons";
import { SignIn } from "./parts/sign_in";
import { Toast } from "./parts/toast";
import { pageOf } from "./pages/pages";

const PLACES: [path: string, name: string][] = [
  ["hosts", "Hosts"],
  ["services", "Services"],
  ["alerts", "Alerts"],
  ["rules", "Rules"],
  ["system", "System"],
];

export function App() {
  useLive();
  const { path } = route.value;
  const place = path[0] ?? "hosts";
  const name = PLACES.find(([id]) => id === place)?.[1];
  useEffect(() => {
    document.title = [...path.slice(1, 2), name ?? "Not found"].join(" – ") + " · Chorus";
  }, [path.join("/")]);
  // A new page begins at its top; readers of the page are taken to it.
  useEffect(() => window.scrollTo(0, 0), [path.join("/")]);

  const Page = pageOf(path);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to content</a>
      <Top place={place} />
      <main id="main" tabIndex={-1}>
        <Guard key={path.slice(0, 3).join("/")} what="This page"><Page /></Guard>
      </main>
      {helpOpen.value && <Help />}
      {wantsToken.value && <SignIn />}
      <Toast />
    </>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault(); // the fragment is the address of the page
  document.getElementById("main")?.focus();
}

function Top({ place }: { place: string }) {
  return (
    <header class="top">
      <a class="brand" href={href(["hosts"])}><Logo />Chorus</a>
      <nav aria-label="Pages">
        {PLACES.map(([id, name]) => (
          <a key={id} href={href([id])} aria-current={id === place ? "page" : undefined}>
            {name}
            {id === "alerts" && <Guard><ActiveCount /></Guard>}
          </a>
        ))}
      </nav>
      <div class="end">
        <ConnectionMark />
        <Guard><Account /></Guard>
        <ThemeButton />
        <button type="button" class="icon" aria-label="Keyboard and help" title="Keyboard and help ( ? )" onClick={() => (helpOpen.value = true)}>?</button>
      </div>
    </header>
  );
}

function Account() {
  const me = useResource("me", (signal) => get(["me"], {}, signal)).data;
  return (
    <>
      {me && <span class="role" title={`What you may do here: ${me.role}`}>{token.value && <span class="clip">{me.name}</span>} {me.role}</span>}
      {token.value
        ? <button type="button" class="quiet" onClick={signOut}>Sign out</button>
        : <button type="button" class="quiet" onClick={() => askForToken(me?.role === "viewer" ? "operator" : me ? "admin" : "viewer", true)}>Sign in</button>}
    </>
  );
}

// Nothing is said while it is not known.
function ActiveCount() {
  const active = openAlerts.value?.filter((alert) => alert.status === "active").length;
  if (active === undefined) return null;
  return (
    <>
      {active > 0 && <span class="count-badge" title={`${active} active`} aria-hidden="true">{active > 99 ? "99+" : active}</span>}
      <span class="visually-hidden" aria-live="polite">{active === 1 ? "1 active alert" : `${active} active alerts`}</span>
    </>
  );
}

const TEXTS: Record<Connection, [text: string, title: string]> = {
  live: ["Live", "Changes arrive as they happen"],
  polling: ["Every 5 s", "The server offers no live stream now; the page asks again by itself"],
  connecting: ["Connecting", "Connecting to the server"],
  reconnecting: ["Reconnecting", "The server cannot be reached; the page tries again by itself"],
};

function ConnectionMark() {
  const away = connection.value === "polling" && fleetResource.value.error?.status === 0;
  const state = away ? "reconnecting" : connection.value;
  const [text, title] = TEXTS[state];
  return <span class="connection" role="status" data-state={state} title={title}><i aria-hidden="true" />{text}</span>;
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const label = `Theme: ${theme.value}. Change to ${NEXT[theme.value]}`;
  return (
    <button type="button" class="icon" aria-label={label} title={label} onClick={() => setTheme(NEXT[theme.value])}>
      <ThemeIcon theme={theme.value} />
    </button>
  );
}
