/** Why somebody decides what a form says: field `reason`, 3 to 500 characters. */
export function ReasonField({ required }: { required: boolean }) {
  return (
    <label className="grid gap-0.5 text-dim">
      Reason{required ? '' : ' (optional)'}
      <input name="reason" required={required} minLength={3} maxLength={500} className="field" autoComplete="off" />
    </label>
  );
}
