import { type ReactNode, useId } from 'react';

/** A labelled input with its unit and, where it is wrong, what is wrong. */
export function Field({
  label,
  unit,
  problem,
  hint,
  children,
}: {
  label: string;
  unit?: string;
  problem?: string;
  hint?: string;
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}) {
  const id = useId();
  const note = problem ? `Must ${problem}.` : hint;
  return (
    <div className="grid grid-cols-[6rem_minmax(0,1fr)] items-baseline gap-x-3 py-0.5 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
      <label htmlFor={id} className="text-dim">
        {label}
      </label>
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2">
          {children({
            id,
            ...(note ? { 'aria-describedby': `${id}-note` } : {}),
            ...(problem ? { 'aria-invalid': true as const } : {}),
          })}
          {unit && <span className="text-dim">{unit}</span>}
        </div>
        {note && (
          <p id={`${id}-note`} className={`mt-0.5 text-[12px] ${problem ? 'text-bad' : 'text-dim'}`}>
            {problem ? `▲ ${note}` : note}
          </p>
        )}
      </div>
    </div>
  );
}

/** A number as text while it is typed; an empty field is no number, or null where that means something. */
export function NumberField({
  label,
  unit,
  problem,
  hint,
  value,
  change,
  scale = 1,
  empty,
  placeholder,
}: {
  label: string;
  unit?: string;
  problem?: string;
  hint?: string;
  value: number | null;
  change: (value: number) => void;
  /** shown = value x scale, e.g. 100 for percent */
  scale?: number;
  /** what an empty field means */
  empty?: () => void;
  placeholder?: string;
}) {
  const shown = value === null || Number.isNaN(value) ? '' : String(Number((value * scale).toPrecision(12)));
  return (
    <Field label={label} unit={unit} problem={problem} hint={hint}>
      {(props) => (
        <input
          {...props}
          type="number"
          step="any"
          min={0}
          className="field w-28"
          placeholder={placeholder}
          value={shown}
          onChange={({ target }) => {
            if (target.value === '' && empty) empty();
            else change(target.value === '' ? Number.NaN : Number(target.value) / scale);
          }}
        />
      )}
    </Field>
  );
}

export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="min-w-0 border-t border-rule py-2 first:border-t-0 first:pt-0">
      <legend className="float-left mb-1 w-full pt-1 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">
        {title}
      </legend>
      <div className="clear-both">{children}</div>
    </fieldset>
  );
}

/** One of a few, all of them seen. */
export function Choice<T extends string>({
  label,
  options,
  value,
  change,
}: {
  label: string;
  options: readonly { value: T; name: string; hint?: string }[];
  value: T;
  change: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-3 py-1 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
      <legend className="float-left text-dim">{label}</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {options.map((option) => (
          <label key={option.value} className="flex items-center gap-1.5" title={option.hint}>
            <input
              type="radio"
              name={name}
              className="accent-[var(--accent)]"
              checked={option.value === value}
              onChange={() => change(option.value)}
            />
            {option.name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
