import type { Resubmission } from '#model/api/pipeline.ts';
import { formatCount } from '../lib/time/format.ts';

/** What became of a re-submission, in one line. */
export function resubmissionInWords(done: Resubmission): string {
  const parts = [
    done.accepted > 0 && `${formatCount(done.accepted)} accepted`,
    done.duplicate > 0 && `${formatCount(done.duplicate)} known already`,
    done.refused > 0 && `${formatCount(done.refused)} set aside again: ${done.reasons[0] ?? 'see their reasons'}`,
    done.unreadable > 0 && `${formatCount(done.unreadable)} left open, because they are no JSON`,
  ].filter(Boolean);
  const said = parts.length === 0 ? 'Nothing was open any more' : parts.join('; ');
  return `${said}.${done.more ? ' There are more: submit again.' : ''}`;
}

/** A record as it can be read: indented where it is JSON. */
export function prettyRecord(content: string): string {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}

/** What is wrong with a text that should be one JSON record; null where it is one. */
export function recordProblem(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? null
      : 'A record is an object with named fields: { … }';
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
