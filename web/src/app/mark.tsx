/** The brand's mark; cyan and amber stand nowhere else but on focus. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <path d="M8 26V7h17M8 16.5h11" fill="none" className="stroke-accent" strokeWidth="3.6" />
      <circle cx="25" cy="16.5" r="2.9" className="fill-brand" />
    </svg>
  );
}
