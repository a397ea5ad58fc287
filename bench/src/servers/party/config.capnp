using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .mainWorker) ],
  # Its address comes on the command line.
  sockets = [ (name = "http", http = (), service = "main") ],
);

const mainWorker :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "../../../dist/servers/party/worker.js") ],
  compatibilityDate = "2026-10-01",

  durableObjectNamespaces = [
    (className = "Relay", uniqueKey = "bench-relay", enableSql = true),
    (className = "Except", uniqueKey = "bench-except", enableSql = true),
    (className = "Echo", uniqueKey = "bench-echo", enableSql = true),
    (className = "Mixed", uniqueKey = "bench-mixed", enableSql = true),
  ],
  durableObjectStorage = (inMemory = void),

  bindings = [
    (name = "Relay", durableObjectNamespace = "Relay"),
    (name = "Except", durableObjectNamespace = "Except"),
    (name = "Echo", durableObjectNamespace = "Echo"),
    (name = "Mixed", durableObjectNamespace = "Mixed"),
  ],
);
