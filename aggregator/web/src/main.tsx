import { render } from "preact";
import { App } from "./app";
import { listenToKeys } from "./lib/keys";
import { runStream } from "./lib/stream";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/table.css";
import "./styles/chart.css";
import "./styles/pages.css";

listenToKeys();
void runStream();
render(<App />, document.getElementById("app")!);
