// The filter of a page, reached with `/`; kept in the address.
import { setQuery } from "../lib/router";

export function FilterBox({ value, label, name = "q" }: { value: string | undefined; label: string; name?: string }) {
  return (
    <div class="grow">
      <input
        type="search"
        aria-label={label}
        placeholder={`${label}  ( / )`}
        value={value ?? ""}
        onInput={(event) => setQuery({ [name]: event.currentTarget.value })}
        spellcheck={false}
        autocomplete="off"
      />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  value: string;
  options: [value: string, label: string][];
}

// One of a few words, kept in the address; the first is the default and is left out there.
export function Choice({ label, name, value, options }: ChoiceProps) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([word, text], i) => (
        <button type="button" key={word} aria-pressed={value === word} onClick={() => setQuery({ [name]: i === 0 ? undefined : word })}>
          {text}
        </button>
      ))}
    </div>
  );
}
