import { alone, parts } from './test/together/parts.js';

const countsFile = process.env.JEST_COUNTS_FILE;

/**
 * Loading Nest and the library takes a spec longer than most of its tests do. A run of all specs loads them once for
 * many specs; a run of some (`npm test -- promise-3`) takes each spec by itself, unless it is one of `together`.
 */
const args = process.argv.slice(2);
const isWholeRun = args.every((arg) => /^--(?:ci|json|maxWorkers|outputFile|silent|verbose)\b/.test(arg));
const takesParts = isWholeRun || args.some((arg) => arg.includes('together'));

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: takesParts
    ? [...parts, ...alone].map((file) => `<rootDir>/${file}`)
    : ['<rootDir>/{libs,src,test}/**/*.spec.ts', '<rootDir>/test/**/*.e2e-spec.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/compat/',
    ...(takesParts ? [] : ['<rootDir>/test/together/']),
  ],
  testSequencer: '<rootDir>/test/together/longest-first.js',
  // Packages and copies with a package.json or a build of their own, which jest would take for doubles of the sources.
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/libs/jamsocket/dist/',
    '<rootDir>/libs/client/dist/',
    '<rootDir>/test/compat/',
    '<rootDir>/bench/',
    '<rootDir>/website/',
  ],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-jamsocket$': '<rootDir>/libs/jamsocket/src/index.ts',
    '^nestjs-jamsocket/testing$': '<rootDir>/libs/jamsocket/src/testing/index.ts',
    '^jamsocket-client$': '<rootDir>/libs/client/src/index.ts',
    '^jamsocket-client/(react|vue|svelte)$': '<rootDir>/libs/client/src/bindings/$1.ts',
    '^nestjs-jamsocket/(prometheus|opentelemetry|inspector|lmdb|redis|postgres|workers)$':
      '<rootDir>/libs/jamsocket/src/$1.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'es6' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
  // A worker of vm modules never gives memory back: two of them, started afresh past 400 MB, stay small.
  maxWorkers: 2,
  workerIdleMemoryLimit: '400MB',
  // Only a test that hangs waits that long: on a busy machine good ones take several times as long as on an idle one.
  testTimeout: 60_000 * Number(process.env.FUZZ ?? 1),
  reporters: countsFile ? ['default', ['<rootDir>/test/counts.reporter.js', { file: countsFile }]] : ['default'],
};
