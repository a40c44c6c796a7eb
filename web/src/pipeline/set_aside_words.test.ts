import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prettyRecord, recordProblem, resubmissionInWords } from './set_aside_words.ts';

const nothing = { submitted: 0, accepted: 0, duplicate: 0, refused: 0, unreadable: 0, more: false, reasons: [] };

test('a re-submission in one line', () => {
  assert.equal(resubmissionInWords(nothing), 'Nothing was open any more.');
  assert.equal(
    resubmissionInWords({
      ...nothing,
      accepted: 1200,
      refused: 1,
      reasons: ['kwh must be a finite number'],
      more: true,
    }),
    '1,200 accepted; 1 set aside again: kwh must be a finite number. There are more: submit again.',
  );
});
test('a record is indented where it is JSON, and shown as it came where it is not', () => {
  assert.equal(prettyRecord('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(prettyRecord('{"a":1'), '{"a":1');
});
test('a corrected record must be one object', () => {
  assert.equal(recordProblem('{"a":1}'), null);
  assert.match(recordProblem('[1]') ?? '', /object/);
  assert.match(recordProblem('{"a":') ?? '', /Not JSON/);
});
