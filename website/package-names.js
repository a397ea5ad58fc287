import { Converter } from 'typedoc';

/** Names the modules of the API reference as users import them, instead of by their folders. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      module.name = module.name
        .replace(/^jamsocket\/src/, 'nestjs-jamsocket')
        .replace(/^client\/src(?:\/bindings)?/, 'jamsocket-client');
  });
}
