/** An expected event did not happen in time. The message says what happened instead. */
export class TestTimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TestTimeoutError';
  }
}

/** The upgrade request was refused with an HTTP answer: by a guard, or because of its origin, a limit or an unknown path. */
export class ConnectRefusedError extends Error {
  constructor(
    url: string,
    /** Status of the HTTP answer, such as 401. */
    readonly status: number,
    /** Headers by lower-case name. */
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
    /** JSON of the answer, such as `{ statusCode: 403, code: 'guard', message: 'Forbidden resource' }`; otherwise its text. */
    readonly body: any,
  ) {
    super(`${url} was refused with ${status}: ${JSON.stringify(body)}`);
    this.name = 'ConnectRefusedError';
  }
}

/** A test has ended, but work that it started has not. The message names each leak and its origin. */
export class LeakError extends Error {
  constructor(readonly leaks: readonly string[]) {
    super(`The test has left something behind:\n${leaks.map((leak) => `  - ${leak}`).join('\n')}`);
    this.name = 'LeakError';
  }
}
