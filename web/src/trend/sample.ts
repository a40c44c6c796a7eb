/** Values of buckets at other times: the bucket a time falls in, null where there is none. */
export function sampleAt(
  times: number[],
  starts: number[],
  values: (number | null)[],
  bucketS: number,
): (number | null)[] {
  let at = 0;
  return times.map((time) => {
    while (at + 1 < starts.length && starts[at + 1] <= time) at++;
    const inside = starts.length > 0 && time >= starts[at] && time < starts[at] + Math.max(bucketS, 1);
    return inside ? values[at] : null;
  });
}
