import { mount } from 'svelte';
import Game from './game.svelte';

mount(Game, { target: document.getElementById('root')!, props: { id: '1' } });
