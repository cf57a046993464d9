// A sign-in link ends in `#sign-in=TOKEN`. What is behind `#` reaches no server and no log; the token is
// taken out of the address and the history before anything else is done with it.
import { apiPath, request, useToken } from "./api";
import type { Answer } from "./schema";

// Throws ApiError if the link is not good any more.
export async function followSignInLink(): Promise<void> {
  const link = location.hash.split("#sign-in=")[1];
  if (!link) return;
  history.replaceState(null, "", "#/hosts");
  dispatchEvent(new Event("popstate"));
  const session = await request<Answer<"post", ["sessions"]>>(apiPath(["sessions"]), {
    method: "POST",
    quiet: true,
    headers: { Authorization: `Bearer ${link}` },
  });
  useToken(session.token, session.id);
}
