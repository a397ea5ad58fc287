import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

const read = (path: string) => readFileSync(`${import.meta.dirname}/${path}`, 'utf8');

it('docs/testing.md starts with the spec that is run here', () => {
  const [, first] = /```ts\n(.*?)```/s.exec(read('../docs/testing.md')) ?? [];
  expect(first).toBe(read('testing-example.spec.ts'));
});

it('docs/testing.md has the spec of a durable room that is run here', () => {
  expect(read('../docs/testing.md')).toContain(`\`\`\`ts\n${read('testing-durable-example.spec.ts')}\`\`\``);
});

it('docs/inspector.md has the guard that is tried out here', () => {
  expect(read('../docs/inspector.md')).toContain(`\`\`\`ts\n${read('support/inspector-password.guard.ts')}\`\`\``);
});

it('docs/auth.md has the recipes that are tried out in guards-for-http.e2e-spec.ts', () => {
  const folder = `${import.meta.dirname}/support/guards`;
  const recipes = readdirSync(folder);
  expect(recipes.length).toBeGreaterThan(0);
  for (const recipe of recipes)
    expect(read('../docs/auth.md')).toContain(`\`\`\`ts\n${read(`support/guards/${recipe}`)}\`\`\``);
});

it('docs/migration.md has the gateways and the room that migration.e2e-spec.ts compares', () => {
  for (const file of readdirSync(`${import.meta.dirname}/support/migration`))
    expect(read('../docs/migration.md')).toContain(`\`\`\`ts\n${read(`support/migration/${file}`)}\`\`\``);
});
