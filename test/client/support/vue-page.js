// Bundled for the browser by bindings.browser.e2e-spec.ts.
import { useRoom, usePresence, useRoomEvent, useRoomState } from 'jamsocket-client/vue';
import { computed, createApp, defineComponent, h, reactive, ref } from 'vue';

const Chat = defineComponent({
  props: { id: { type: String, default: null } },
  setup(props) {
    const { room, status, clientId } = useRoom(() => (props.id === null ? null : `/ws/${props.id}`), {
      backoff: { minMs: 10, maxMs: 50 },
    });
    // As part of an object that Vue makes reactive.
    const kept = reactive({ room });
    const lines = ref([]);
    const statuses = ref([]);
    useRoomEvent(room, 'said', (line) => lines.value.push(line));
    const board = useRoomState(room, 'board');
    const red = computed(() => board.value?.red.points);
    const { others, set } = usePresence(room);
    return () => {
      if (statuses.value.at(-1) !== status.value) statuses.value.push(status.value);
      return h('section', [
        h('p', { id: 'client' }, `${props.id} ${status.value} ${clientId.value}`),
        h('p', { id: 'statuses' }, statuses.value.join(' ')),
        h('p', { id: 'lines' }, lines.value.join(', ')),
        h('p', { id: 'score' }, `red ${red.value}`),
        h('p', { id: 'others' }, others.value.map(({ value }) => value).join(', ')),
        h('button', { onClick: () => kept.room?.emit('say', 'hello') }, 'say'),
        h('button', { onClick: () => set('ann') }, 'show'),
      ]);
    };
  },
});

createApp({
  setup() {
    const id = ref('');
    const button = (name, to) => h('button', { onClick: () => (id.value = to) }, name);
    return () =>
      h('main', [
        button('one', 'one'),
        button('two', 'two'),
        button('leave', ''),
        button('wait', null),
        id.value === '' ? null : h(Chat, { id: id.value }),
      ]);
  },
}).mount('#root');
