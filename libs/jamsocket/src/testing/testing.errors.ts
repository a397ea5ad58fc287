/** Something a test waited for did not happen within its patience. The message says what did. */
export class TestTimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TestTimeoutError';
  }
}

/** The upgrade request was answered with HTTP: by a guard, because of the origin, a limit, or a path that is not there. */
export class ConnectRefusedError extends Error {
  constructor(
    url: string,
    /** Status of the HTTP answer, such as 401. */
    readonly status: number,
    /** By lower-case name. */
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
    /** The answer's JSON, such as `{ statusCode: 403, code: 'guard', message: 'Forbidden resource' }`; its text if it is none. */
    readonly body: any,
  ) {
    super(`${url} was refused with ${status}: ${JSON.stringify(body)}`);
    this.name = 'ConnectRefusedError';
  }
}

/** A test is over, and something it started is not. The message names each of them and where it comes from. */
export class LeakError extends Error {
  constructor(readonly leaks: readonly string[]) {
    super(`The test has left something behind:\n${leaks.map((leak) => `  - ${leak}`).join('\n')}`);
    this.name = 'LeakError';
  }
}
