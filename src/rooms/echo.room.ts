import { JamsocketService, OnBinary, OnMessage, type Client } from 'nestjs-jamsocket';

/** Sends each message back to its sender. */
@JamsocketService('echo')
export class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }
}
