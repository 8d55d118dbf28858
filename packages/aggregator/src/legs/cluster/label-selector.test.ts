import { describe, expect, it } from 'vitest';
import { matches, selectorSchema } from './label-selector.ts';

const labels = { app: 'db', tier: 'gold' };

describe('label selector', () => {
  it.each([
    [{}, true],
    [{ matchLabels: { app: 'db' } }, true],
    [{ matchLabels: { app: 'db', tier: 'silver' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [{ matchLabels: { app: 'db' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['silver'] }] }, false],
  ])('%j: %s', (selector, expected) => {
    expect(matches(selectorSchema.parse(selector), labels)).toBe(expected);
  });
});
