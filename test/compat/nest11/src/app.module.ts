import { Module } from '@nestjs/common';
import { JamsocketModule } from 'nestjs-jamsocket';
import { ChatRoom } from './chat.room';
import { Journal } from './journal';
import { MembersRoom } from './members.room';

@Module({ imports: [JamsocketModule.forRoot()], providers: [ChatRoom, MembersRoom, Journal] })
export class AppModule {}
