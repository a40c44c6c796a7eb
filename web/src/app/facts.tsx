import type { ReactNode } from 'react';

/** Name and value, one below the other, the way an operator scans them; `wide`: in as many columns as fit. */
export function Facts({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  const columns = wide
    ? 'grid-cols-[auto_1fr] md:grid-cols-[repeat(3,auto_minmax(0,1fr))] md:gap-x-6 md:[&>dd]:text-left'
    : 'grid-cols-[auto_1fr]';
  return <dl className={`grid gap-x-4 gap-y-1 px-3 py-2 ${columns}`}>{children}</dl>;
}

export function FactRow({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-dim">{name}</dt>
      <dd className="min-w-0 text-right break-words">{children}</dd>
    </>
  );
}

export function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t border-rule">
      <h3 className="px-3 pt-2 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">{title}</h3>
      {children}
    </section>
  );
}

export function Problem({ error }: { error: unknown }) {
  return (
    <p role="alert" className="mx-3 my-2 border-l-2 border-bad pl-3 text-bad">
      {error instanceof Error ? error.message : String(error)}
    </p>
  );
}
