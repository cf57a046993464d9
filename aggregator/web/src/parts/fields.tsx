// Fields of a form: label, control, hint, and the server's fault beside it.
import type { ComponentChildren } from "preact";

interface FieldProps {
  id: string;
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  wide?: boolean;
  children: ComponentChildren;
}

export function Field({ id, label, hint, fault, wide, children }: FieldProps) {
  return (
    <div class={`field${wide ? " wide" : ""}`} data-field={id}>
      <label for={id}>{label}</label>
      {children}
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      {fault && <span class="fault" id={`${id}-fault`}>{fault}</span>}
    </div>
  );
}

const described = (id: string, hint?: string, fault?: string) => [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;

interface TextProps extends Omit<FieldProps, "children"> {
  value: string;
  number?: boolean;
  list?: string | undefined;
  onInput: (text: string) => void;
}

export function TextField({ value, number, list, onInput, ...field }: TextProps) {
  const { id, hint, fault } = field;
  return (
    <Field {...field}>
      <input
        id={id} type={number ? "number" : "text"} step="any" list={list} value={value} spellcheck={false} autocomplete="off"
        aria-invalid={fault ? true : undefined} aria-describedby={described(id, hint, fault)} onInput={(e) => onInput(e.currentTarget.value)}
      />
    </Field>
  );
}

interface SelectProps extends Omit<FieldProps, "children"> {
  value: string;
  options: [string, string][];
  disabled?: boolean;
  onChange: (value: string) => void;
}

export function SelectField({ value, options, disabled, onChange, ...field }: SelectProps) {
  const { id, hint, fault } = field;
  return (
    <Field {...field}>
      <select id={id} value={value} disabled={disabled} aria-invalid={fault ? true : undefined} aria-describedby={described(id, hint, fault)} onChange={(e) => onChange(e.currentTarget.value)}>
        {options.map(([word, label]) => <option key={word} value={word}>{label}</option>)}
      </select>
    </Field>
  );
}
