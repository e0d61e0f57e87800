/** The import rules of the architecture; `tests/unit/architecture-rules.test.ts` shows that each of them can fail. */

const CONTRACTS = ["^contracts/", "^services/[^/]+/contract\\.ts$"];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "services-meet-in-contracts",
      comment: "A service imports another service's contract.ts and nothing else of it.",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: ["^services/$1/", ...CONTRACTS] },
    },
    {
      name: "others-know-contracts-only",
      comment:
        "Outside of the services, nothing but their tests and the drawing of the saga knows more of them than their contracts.",
      severity: "error",
      from: { path: "^(scripts|sandbox|bench)/", pathNot: "^scripts/draw-saga\\.ts$" },
      to: { path: "^services/", pathNot: CONTRACTS },
    },
    {
      name: "shared-code-knows-no-service",
      comment:
        "Mixins, shared contracts, settings and broker configuration serve every service and know none.",
      severity: "error",
      from: { path: "^(mixins/|contracts/|settings\\.ts$|moleculer\\.config\\.ts$)" },
      to: { path: "^(services|sandbox|scripts|tests|bench)/" },
    },
    {
      name: "domain-is-pure",
      comment:
        "domain/ imports other files of its domain/, contracts, the error base class and pure libraries.",
      severity: "error",
      from: { path: "^services/([^/]+)/domain/" },
      to: {
        pathNot: [
          "^services/$1/domain/",
          ...CONTRACTS,
          "^mixins/errors\\.ts$",
          "(^|/)node_modules/(zod|croner)/",
        ],
      },
    },
    {
      name: "context-stays-in-handlers",
      comment: "Moleculer and its ctx never go below handlers/.",
      severity: "error",
      from: { path: "^services/(?!api-gateway/)[^/]+/(domain|repositories|providers)/" },
      to: { path: "(^|/)node_modules/moleculer/" },
    },
    {
      name: "only-repositories-know-the-store",
      comment:
        "The composition root hands the store to repositories; handlers may read, decide and commit again.",
      severity: "error",
      from: {
        path: "^services/",
        pathNot: ["^services/[^/]+/repositories/", "^services/([^/]+)/\\1\\.service\\.ts$"],
      },
      to: { path: "^mixins/persistence/", pathNot: "^mixins/persistence/retry-on-conflict\\.ts$" },
    },
    {
      name: "databases-behind-the-port",
      comment: "Only the store's adapters know a database.",
      severity: "error",
      from: { path: "^(services|mixins|contracts)/", pathNot: "^mixins/persistence/" },
      to: {
        path: ["^(node:)?sqlite$", "(^|/)node_modules/(moleculer-db|moleculer-db-adapter-mongo|mongodb)/"],
      },
    },
    {
      name: "streams-behind-the-mixin",
      comment: "Only the messaging mixin, the transporter and providers know NATS.",
      severity: "error",
      from: {
        path: "^(services|mixins|contracts)/",
        pathNot: "^mixins/(messaging|transport)/|^services/[^/]+/providers/",
      },
      to: { path: "(^|/)node_modules/nats/" },
    },
    {
      name: "only-providers-know-the-outside",
      comment: "Clients of what is outside the cluster are in providers/; they share one circuit breaker.",
      severity: "error",
      from: {
        path: "^(services|mixins|contracts)/",
        pathNot: ["^services/[^/]+/providers/", "^services/api-gateway/", "^mixins/circuit-breaker\\.ts$"],
      },
      to: {
        path: [
          "^(node:)?(https?|http2|net|tls|dgram)$",
          "(^|/)node_modules/(nodemailer|opossum|undici)/",
          "(^|/)node_modules/@types/(nodemailer|opossum)/",
        ],
      },
    },
    {
      name: "only-the-gateway-serves-http",
      comment: "HTTP comes in at one place.",
      severity: "error",
      from: { path: "^(services|mixins|contracts)/", pathNot: "^services/api-gateway/" },
      to: { path: "(^|/)node_modules/moleculer-web/" },
    },
    {
      name: "sandboxes-stand-outside",
      comment: "A stand-in for the outside world knows nothing of how the system inside works.",
      severity: "error",
      from: { path: "^sandbox/" },
      to: { path: "^(services|mixins|scripts|tests|bench)/" },
    },
    {
      name: "tests-are-not-shipped",
      comment: "Nothing that runs in production imports a test or a package that only development installs.",
      severity: "error",
      from: { path: "^(services|mixins|contracts|sandbox|scripts)/|^[^/]+\\.ts$" },
      to: { path: ["^tests/", "^bench/"] },
    },
    {
      name: "no-development-packages",
      comment: "Production code uses what production installs; types may come from development packages.",
      severity: "error",
      from: {
        path: "^(services|mixins|contracts|sandbox|scripts)/|^[^/]+\\.ts$",
        pathNot: "^scripts/check\\.ts$",
      },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only"],
        pathNot: "/node_modules/@types/",
      },
    },
    {
      name: "no-cycles",
      comment: "Files that import each other in a circle cannot be understood one by one.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "A file that neither imports nor is imported is dead or misplaced.",
      severity: "error",
      from: { orphan: true, path: "^(services|mixins|contracts|sandbox|scripts|bench)/" },
      to: {},
    },
    {
      name: "no-unresolvable",
      comment: "An import that cannot be found.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    moduleSystems: ["es6"],
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      conditionNames: ["import", "node", "default", "types"],
      exportsFields: ["exports"],
    },
  },
};
