import type { ReactNode } from 'react';

/** A line drawing of 14 by 14 that stands for the words of a button where there is no room for them. */
export function PhoneIcon({ title, children }: { title: string; children: ReactNode }) {
  return (
    <svg
      className="sm:hidden"
      width="14"
      height="14"
      viewBox="0 0 14 14"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    >
      <title>{title}</title>
      {children}
    </svg>
  );
}
