import type { ReactNode } from 'react';

/** What is inside is not the grid: the frame and its word stay in sight however far one scrolls. */
export function StudyFrame({ of, children }: { of: string; children: ReactNode }) {
  return (
    <div className="border-[3px] border-dashed border-brand" data-study>
      <p
        role="note"
        className="sticky top-0 z-10 flex flex-wrap items-baseline gap-x-3 bg-brand px-3 py-1 font-semibold text-black"
      >
        <span className="tracking-[0.3em]">STUDY</span>
        <span className="font-normal">a copy of {of}; nothing here is live, and nothing live changes</span>
      </p>
      {children}
    </div>
  );
}
