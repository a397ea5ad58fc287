import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  type Client,
  type ClientId,
} from 'nestjs-jamsocket';

/** Everyone has a nickname and sees the messages of the others. */
@JamsocketService()
export class ChatRoom {
  private readonly nicknames = new Map<ClientId, string>();

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    const nickname = `client${client.id}`;
    this.nicknames.set(client.id, nickname);
    this.ctx.sendMessage(client, `Welcome to the chat! Your name is ${nickname}. Send /nick <username> to change it.`);
    this.ctx.sendMessage(Broadcast, `${nickname} has joined the chat`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    const nickname = this.nicknames.get(client.id);
    if (text.startsWith('/nick ')) {
      const newName = text.slice('/nick '.length).trim();
      if (newName === '') return;
      this.nicknames.set(client.id, newName);
      this.ctx.sendMessage(Broadcast, `${nickname} is now known as ${newName}`);
    } else {
      this.ctx.sendMessage(Broadcast, `${nickname}: ${text}`);
    }
  }

  @OnDisconnect()
  disconnect(client: Client) {
    this.ctx.sendMessage(Broadcast, `${this.nicknames.get(client.id)} has left the chat`);
    this.nicknames.delete(client.id);
  }
}
