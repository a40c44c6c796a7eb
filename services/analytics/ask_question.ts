/** Runs one of the dashboard's questions within its deadline; rows carry the area they belong to. */
import { FluxError } from '#model/errors.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { type Question, type QuestionLevel, type QuestionSpan, questions } from './questions.ts';

export interface QuestionNeeds {
  engine: Engine;
  /** row number of an asset. @throws FluxError `unknown_asset` */
  keyOf: (level: QuestionLevel, id: string) => number;
  areaOfAsset: (level: QuestionLevel, id: string) => string | null;
  customersOut: (
    feeders: number[] | undefined,
    fromS: number,
    toS: number,
    bucketS: number,
  ) => Promise<Map<number, number>>;
}

export type QuestionRow = Record<string, unknown> & { area_id: string | null };

export const deadlineMs = 5000;

/** @throws FluxError `not_found` */
export function questionOf(name: string): Question {
  const question = questions.find((one) => one.name === name);
  if (!question)
    throw new FluxError('not_found', `there is no question ${name}; GET /api/analytics/questions lists them`);
  return question;
}

/**
 * @param span what is asked; `key` is taken from `id`
 * @throws FluxError `not_found`, `bad_request`, `unknown_asset`, `columnar_deadline`
 */
export async function askQuestion(
  needs: QuestionNeeds,
  name: string,
  id: string | null,
  span: Omit<QuestionSpan, 'key'>,
): Promise<QuestionRow[]> {
  const question = questionOf(name);
  if (id !== null && !question.id)
    throw new FluxError('bad_request', `${name} is about the whole system and takes no id`);
  if (id === null && question.id?.required)
    throw new FluxError('bad_request', `${name} needs the id of a ${question.id.level}`);
  const key = id === null || !question.id ? null : needs.keyOf(question.id.level, id);
  const [columns, out] = await Promise.all([
    needs.engine.query(question.sql({ ...span, key }), [], deadlineMs),
    name === 'outage_overlay'
      ? needs.customersOut(
          key === null ? undefined : [key],
          span.fromS - (span.fromS % span.bucketS),
          span.toS,
          span.bucketS,
        )
      : undefined,
  ]);
  return rowsFrom<Record<string, unknown>>(columns).map((row) => {
    const asset = row[`${question.rows}_id`] ?? (question.id ? id : null);
    return {
      ...row,
      ...(out ? { customers_out: out.get(Number(row.time_s)) ?? 0 } : {}),
      area_id: asset === null || asset === undefined ? null : needs.areaOfAsset(question.rows, String(asset)),
    };
  });
}
