/** Both head-ends: what is asked, what comes back, and what they do when they can not. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { HeadEnd, PingAnswer } from '#model/headend.ts';
import { httpHeadEnd } from './http.ts';
import { type SimulatedHeadEndOptions, simulatedDefaults, simulatedHeadEnd } from './simulated.ts';

async function answersOf(headEnd: HeadEnd, meters: number[], withinMs: number): Promise<PingAnswer[]> {
  const answers: PingAnswer[] = [];
  for await (const some of headEnd.ping(meters, Date.now() + withinMs, new AbortController().signal))
    answers.push(...some);
  return answers;
}
/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('simulated', () => {
  const make = (more: Partial<SimulatedHeadEndOptions> = {}) =>
    simulatedHeadEnd({
      ...simulatedDefaults,
      isDark: (meter) => meter % 2 === 1,
      traitOf: (meter) => ((meter * 0x9e3779b1) >>> 0) / 2 ** 32,
      random: randomFrom(7),
      now: Date.now,
      medianLatencyMs: 20,
      ...more,
    });

  test('says the truth, each meter at most once, and only what loss, deafness and reserve let through', async () => {
    const answers = await answersOf(make({ capPerRequest: 2000 }), all(2000), 3000);
    assert.equal(new Set(answers.map(({ meter }) => meter)).size, answers.length);
    for (const { meter, isLit } of answers) assert.equal(isLit, meter % 2 === 0);
    const lit = answers.filter(({ isLit }) => isLit).length;
    const { lossShare, muteShare, reserveShare } = simulatedDefaults;
    const heard = 1000 * (1 - lossShare) * (1 - muteShare);
    assert.ok(Math.abs(lit - heard) < 35, `${lit} of 1,000 lit meters answered, ${heard} expected`);
    const dark = answers.length - lit;
    assert.ok(Math.abs(dark - heard * reserveShare) < 70, `${dark} of 1,000 dark meters answered`);
  });

  test('nothing comes after the deadline, and a request beyond the bound does not wait past it', async () => {
    const slow = make({ medianLatencyMs: 2000, latencySpread: 0, concurrency: 1 });
    const startMs = performance.now();
    const [first, second] = await Promise.all([answersOf(slow, all(10), 300), answersOf(slow, all(10), 300)]);
    assert.deepEqual([first, second], [[], []]);
    assert.ok(performance.now() - startMs < 1500);
  });

  test('requests beyond the bound take their turn', async () => {
    const one = make({ medianLatencyMs: 150, latencySpread: 0, lossShare: 0, muteShare: 0, concurrency: 1 });
    const startMs = performance.now();
    const both = await Promise.all([answersOf(one, [0], 2000), answersOf(one, [2], 2000)]);
    assert.deepEqual(
      both.map((answers) => answers.length),
      [1, 1],
    );
    assert.ok(performance.now() - startMs >= 280, 'one after the other');
  });

  test('more than the cap is refused', async () => {
    await assert.rejects(answersOf(make({ capPerRequest: 5 }), all(6), 100), { code: 'headend_refused' });
  });
});

describe('over HTTP', () => {
  async function withServer(
    answer: http.RequestListener,
    work: (headEnd: HeadEnd, odd: string[]) => Promise<void>,
  ): Promise<void> {
    const server = http.createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const odd: string[] = [];
    const headEnd = httpHeadEnd({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping`,
      capPerRequest: 100,
      idOf: (meter) => `M${meter}`,
      rowOf: (id) => Number(id.slice(1)),
      now: Date.now,
      odd: (_line, why) => odd.push(why),
    });
    try {
      await work(headEnd, odd);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('lines are answers; what is none, or was not asked, is said and left out', async () => {
    let asked: unknown;
    await withServer(
      (request, response) => {
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          asked = JSON.parse(body);
          response.write('{"meter":"M1","power":"on","at":"2026-07-04T12:00:00Z"}\n\n{"meter":"M2",');
          setTimeout(() => {
            response.write('"power":"off"}\n{"meter":"M1","power":"off"}\nhello\n{"meter":"M9","power":"on"}\n');
            response.end('{"meter":"M3","power":"maybe"}\n{"meter":"M4","power":"on","at":"noon"}\n');
          }, 30);
        });
      },
      async (headEnd, odd) => {
        const answers = await answersOf(headEnd, [1, 2, 3, 4], 2000);
        assert.deepEqual((asked as { meters: string[] }).meters, ['M1', 'M2', 'M3', 'M4']);
        assert.deepEqual(
          answers.map(({ meter, isLit }) => [meter, isLit]),
          [
            [1, true],
            [2, false],
          ],
        );
        assert.equal(answers[0].atMs, Date.parse('2026-07-04T12:00:00Z'));
        assert.equal(odd.length, 5);
      },
    );
  });

  test('one that breaks off is trouble; one that is slow gives what came until the deadline', async () => {
    await withServer(
      (_request, response) => {
        response.write('{"meter":"M1","power":"on"}\n');
        setTimeout(() => response.destroy(), 50);
      },
      async (headEnd) => {
        await assert.rejects(answersOf(headEnd, [1, 2], 2000), { code: 'headend_unavailable' });
      },
    );
    await withServer(
      (_request, response) => {
        response.write('{"meter":"M1","power":"on"}\n');
      },
      async (headEnd) => {
        assert.equal((await answersOf(headEnd, [1, 2], 300)).length, 1);
      },
    );
  });

  test('refused, broken and absent are told apart from an answer', async () => {
    await withServer(
      (_request, response) => response.writeHead(413).end(),
      async (headEnd) => {
        await assert.rejects(answersOf(headEnd, [1], 500), { code: 'headend_refused' });
      },
    );
    await withServer(
      (_request, response) => response.writeHead(500).end(),
      async (headEnd) => {
        await assert.rejects(answersOf(headEnd, [1], 500), { code: 'headend_unavailable' });
      },
    );
    await withServer(
      () => undefined,
      async (headEnd) => {
        await assert.rejects(answersOf(headEnd, [1], 200), /no answer until the deadline/);
      },
    );
  });
});
