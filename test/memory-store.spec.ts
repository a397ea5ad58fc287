import { MemoryStore } from 'nestjs-jamsocket';
import { describeRoomStore } from 'nestjs-jamsocket/testing';

describeRoomStore('MemoryStore', { open: () => new MemoryStore(), isPrivate: true });
