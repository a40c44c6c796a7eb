import type { ReactNode } from 'react';

export interface Head {
  name: string;
  left?: boolean;
  title?: string;
}

/** A dense table that scrolls sideways inside itself, never the page. */
export function Table({ label, heads, children }: { label: string; heads: Head[]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="-mx-2 overflow-x-auto" aria-label={label} tabIndex={0}>
      <table className="w-full border-b border-rule whitespace-nowrap">
        <thead>
          <tr className="text-[11px] text-dim">
            {heads.map(({ name, left, title }) => (
              <th
                key={name}
                scope="col"
                title={title}
                className={`px-2 py-1 font-normal ${left ? 'text-left' : 'text-right'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

export function Cell({ children, left = false }: { children: ReactNode; left?: boolean }) {
  return <td className={`px-2 ${left ? 'text-left' : 'text-right'}`}>{children}</td>;
}

export function SectionHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mt-7 mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-1 first:mt-0">
      <h2 className="font-semibold">{title}</h2>
      <p className="text-dim">{children}</p>
    </div>
  );
}
