/** Comments, strings, regular expressions after `=`, decorators, keywords. Enough for the short files of src/rooms. */
const TOKEN =
  /(?<comment>\/\*[^]*?\*\/|\/\/.*)|(?<string>'[^']*'|`[^`]*`)|(?<decorator>@\w+)|(?<word>\b(?:as|async|await|class|const|constructor|else|export|extends|for|from|function|if|implements|import|interface|let|new|of|private|readonly|return|this|throw|type|typeof|undefined)\b)/g;
const IMPORTS = /^(?:import [^]*?;\n)+\n?/;

/** Shows the source of the room's service: the files that run on the server. */
export class SourceView {
  #section;
  #files = [];

  constructor(section) {
    this.#section = section;
  }

  async show(files) {
    this.#files = files;
    this.#section.hidden = true;
    const sources = await Promise.all(files.map(sourceOf));
    if (this.#files !== files || sources.length === 0 || sources.includes(undefined)) return;
    const tabs = files.map((name, at) => this.#tab(name, sources[at]));
    this.#section.querySelector('.tabs').replaceChildren(...tabs);
    this.#section.hidden = false;
    tabs[0].click();
  }

  #tab(name, source) {
    const tab = Object.assign(document.createElement('button'), { type: 'button', textContent: name });
    tab.setAttribute('role', 'tab');
    tab.onclick = () => {
      for (const each of this.#section.querySelectorAll('[role=tab]'))
        each.setAttribute('aria-selected', String(each === tab));
      // What is imported is at the top of the file, and of no interest here.
      this.#section.querySelector('code').replaceChildren(...highlighted(source.replace(IMPORTS, '')));
      this.#section.querySelector('pre').scrollTop = 0;
    };
    return tab;
  }
}

async function sourceOf(name) {
  try {
    const response = await fetch(`/source/${name}`);
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

function* highlighted(source) {
  let end = 0;
  for (const { index, groups, 0: text } of source.matchAll(TOKEN)) {
    yield source.slice(end, index);
    const [kind] = Object.entries(groups).find(([, found]) => found !== undefined);
    yield Object.assign(document.createElement('span'), { className: kind, textContent: text });
    end = index + text.length;
  }
  yield source.slice(end);
}
