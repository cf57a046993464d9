import { helpOpen, PLACES } from "../lib/keys";
import { zone } from "../lib/time";
import { Dialog } from "./dialog";

export function Help() {
  const close = () => (helpOpen.value = false);
  return (
    <Dialog title="Keyboard and help" onClose={close}>
      <dl class="key-list">
        <dt><kbd>/</kbd></dt><dd>to the filter of the page</dd>
        <dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous row of the table</dd>
        <dt><kbd>Enter</kbd></dt><dd>opens the row</dd>
        <dt><kbd>Esc</kbd></dt><dd>closes a panel or leaves the filter</dd>
        {Object.entries(PLACES).map(([letter, place]) => [
          <dt key={letter}><kbd>g</kbd> <kbd>{letter}</kbd></dt>,
          <dd key={`${letter}t`}>to {place.name}</dd>,
        ])}
        <dt><kbd>?</kbd></dt><dd>this help</dd>
      </dl>
      <p class="muted">
        Drag on a chart to zoom, click to choose a moment. Times are of the zone {zone}. Sizes are in powers of 1,024
        (1 KiB = 1,024 B). The CPU of a process is of one core: 200 % keeps two cores busy. “–” means unknown, not zero.
      </p>
      <div class="actions"><button type="button" class="primary" onClick={close}>Close</button></div>
    </Dialog>
  );
}
