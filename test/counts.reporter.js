import { writeFileSync } from 'node:fs';

/** Writes what .ci/run adds up, in the shape of jest's own --json, so that `npm test` needs no flags for it. */
export default class CountsReporter {
  constructor(_globalConfig, { file }) {
    this.file = file;
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    writeFileSync(this.file, JSON.stringify({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites }));
  }
}
