// Who does something, where the server lets people in without a token and so cannot know.
import { signal } from "@preact/signals";
import { token } from "../lib/api";

const KEY = "chorus.name";

function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

const name = signal(stored());

// A token has a name of its own, which the server puts in.
export const signature = (field: string): Record<string, string> => (token.value || !name.value ? {} : { [field]: name.value });

export function NameField() {
  if (token.value) return null;
  return (
    <div class="field">
      <label for="who">Your name</label>
      <input
        id="who" required maxLength={255} autocomplete="name" value={name.value}
        onInput={(e) => {
          name.value = e.currentTarget.value;
          try {
            localStorage.setItem(KEY, name.value);
          } catch {
            // It then lasts until the page is left.
          }
        }}
      />
    </div>
  );
}
