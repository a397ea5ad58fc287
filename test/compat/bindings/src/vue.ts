import { createApp } from 'vue';
import Game from './game.vue';

createApp(Game, { id: '1' }).mount('#root');
