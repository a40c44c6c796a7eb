import type { ReactNode } from 'react';

interface TabsProps<Name extends string> {
  /** what the tabs choose between, for those who do not see them */
  label: string;
  tabs: readonly { name: Name; label: string }[];
  chosen: Name;
  choose: (name: Name) => void;
  /** classes of the row beyond its own */
  className?: string;
  /** beside the tabs */
  children?: ReactNode;
}

/** One of several views of a page. */
export function Tabs<Name extends string>({ label, tabs, chosen, choose, className, children }: TabsProps<Name>) {
  return (
    <div role="tablist" aria-label={label} className={`flex flex-wrap gap-1 ${className ?? ''}`}>
      {tabs.map(({ name, label: words }) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={chosen === name}
          className={`button ${chosen === name ? 'border-accent' : ''}`}
          onClick={() => choose(name)}
        >
          {words}
        </button>
      ))}
      {children}
    </div>
  );
}
