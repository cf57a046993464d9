import { render } from "preact";
import "./styles/base.css";

function App() {
  return <main><h1>Chorus</h1></main>;
}

render(<App />, document.getElementById("app")!);
