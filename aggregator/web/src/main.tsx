import { render } from "preact";
import { App } from "./app";
import { listenToKeys } from "./lib/keys";
import { followSignInLink } from "./lib/sign_in_link";
import { runStream } from "./lib/stream";
import { say } from "./parts/toast";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/table.css";
import "./styles/chart.css";
import "./styles/pages.css";

const signIn = () => followSignInLink().catch((fault: Error) => say(fault.message));
addEventListener("hashchange", signIn); // a link opened in a tab that is here already
void signIn().then(() => {
  listenToKeys();
  void runStream();
  render(<App />, document.getElementById("app")!);
});
