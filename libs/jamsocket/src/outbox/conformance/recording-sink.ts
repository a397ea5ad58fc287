import type { ConnectionSink } from '../../wire/connection-sink.js';

/** Records the calls that a link makes to its client. */
export class RecordingSink implements ConnectionSink {
  readonly told: string[] = [];
  /** Called before a close frame goes out. */
  onClosing = (): void => undefined;

  receiveText(text: string): void {
    this.told.push(text);
  }

  receiveBinary(bytes: Buffer): void {
    this.told.push(`<${bytes.toString('hex')}>`);
  }

  chunkRead(): void {}

  connectionBehind(): void {
    if (!this.told.includes('behind')) this.told.push('behind');
  }

  connectionQuiet(): undefined {}
  connectionUnread(): void {}

  connectionClosing(): void {
    this.told.push('closing');
    this.onClosing();
  }

  connectionDropped(): void {
    this.told.push('dropped');
  }

  connectionClosed(code: number, reason: string): void {
    this.told.push(`closed ${code} ${reason}`.trim());
  }
}
