import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('.', import.meta.url);

test('every rule of SPEC.md is named by a test that holds it', () => {
  const spec = readFileSync(new URL('SPEC.md', folder), 'utf8');
  const rules = [...spec.matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, rule]) => rule);
  assert.equal(new Set(rules).size, rules.length, 'each number once');
  const titles = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(/\b(?:test|describe)\(\s*(['`])(.*?)\1/g),
    ])
    .map(([, , title]) => title);
  const named = new Set(titles.flatMap((title) => rulesIn(title)));
  assert.deepEqual(
    rules.filter((rule) => !named.has(rule)),
    [],
  );
});

/** M4, or M1 to M6. */
function rulesIn(title: string): string[] {
  const rules: string[] = title.match(/\b[A-Z]\d+\b/g) ?? [];
  const [, letter, first, last] = /\b([A-Z])(\d+) to \1(\d+)\b/.exec(title) ?? [];
  for (let n = Number(first); n <= Number(last); n++) rules.push(`${letter}${n}`);
  return rules;
}
