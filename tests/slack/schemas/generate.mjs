// Writes the JSON Schemas of everything that types.ts exports: node generate.mjs OUT
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { createGenerator } = createRequire(join(here, '../../package.json'))('ts-json-schema-generator');
// One generator makes one schema: a second call on it fails, hence '*' and not name by name.
const schema = createGenerator({
  path: join(here, 'types.ts'),
  tsconfig: join(here, 'tsconfig.json'),
  expose: 'all',
  jsDoc: 'none',
  topRef: true,
  additionalProperties: false,
}).createSchema('*');
writeFileSync(process.argv[2], JSON.stringify(schema));
