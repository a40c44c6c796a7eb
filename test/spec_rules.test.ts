/** Every numbered rule of a SPEC.md is named by a test of its own capability: the letters mean other things elsewhere. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

const root = path.dirname(import.meta.dirname);
/** by folder of the SPEC.md: the tests that hold it; what needs a grid or a whole center is tested where it stands */
const testsOf: Record<string, string[]> = {
  outages: ['services/{outages,network}/*.test.ts', 'test/integrity/outage_*.test.ts'],
  crews: ['services/crews/*.test.ts', 'test/integrity/crews.test.ts'],
  switching: ['services/switching/*.test.ts', 'test/integrity/switching.test.ts', 'test/switching_*.test.ts'],
};

describe('every rule of SPEC.md is named by a test that holds it', () => {
  for (const [service, patterns] of Object.entries(testsOf))
    test(service, () => {
      const spec = readFileSync(path.join(root, 'services', service, 'SPEC.md'), 'utf8');
      const rules = [...spec.matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, rule]) => rule);
      assert.ok(rules.length > 10);
      assert.equal(new Set(rules).size, rules.length, 'each number once');
      const titles = globSync(patterns, { cwd: root })
        .flatMap((file) => [
          ...readFileSync(path.join(root, file), 'utf8').matchAll(/\b(?:test|describe)\(\s*(['`])(.*?)\1/g),
        ])
        .map(([, , title]) => title);
      const named = new Set(titles.flatMap((title) => rulesIn(title)));
      assert.deepEqual(
        rules.filter((rule) => !named.has(rule)),
        [],
      );
    });
});

/** M4, or M1 to M6. */
function rulesIn(title: string): string[] {
  const rules: string[] = title.match(/\b[A-Z]\d+\b/g) ?? [];
  const [, letter, first, last] = /\b([A-Z])(\d+) to \1(\d+)\b/.exec(title) ?? [];
  for (let n = Number(first); n <= Number(last); n++) rules.push(`${letter}${n}`);
  return rules;
}
