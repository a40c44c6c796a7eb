/** A trend without axes: what it was beside what it is. Gaps stay gaps. */
export function Sparkline({
  values,
  label,
  width = 90,
  height = 20,
  limit,
}: {
  values: readonly (number | null)[];
  label: string;
  width?: number;
  height?: number;
  /** a line the values should stay below */
  limit?: number;
}) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2)
    return <span className="inline-block text-dim" style={{ width }} role="img" aria-label={label} />;
  const top = Math.max(limit ?? 0, ...known, 1e-9);
  const x = (i: number) => (i / (values.length - 1)) * (width - 2) + 1;
  const y = (value: number) => height - 1 - (value / top) * (height - 3);
  let path = '';
  let pen = 'M';
  for (const [i, value] of values.entries()) {
    if (value === null) pen = 'M';
    else {
      path += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = 'L';
    }
  }
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      className="inline-block align-middle"
    >
      <title>{label}</title>
      <path d={`M1 ${height - 0.5}H${width - 1}`} stroke="var(--rule)" fill="none" />
      {limit !== undefined && (
        <path d={`M1 ${y(limit)}H${width - 1}`} stroke="var(--faint)" strokeDasharray="2 2" fill="none" />
      )}
      <path d={path} stroke="var(--dim)" strokeWidth="1.3" fill="none" strokeLinejoin="round" />
    </svg>
  );
}
