import type { CallingOptions, Context, Service, ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Settings } from "../../settings.ts";
import type { GatewayRequest, GatewayResponse } from "./http/exchange.ts";
import { createGateway, type Gateway } from "./http/gateway.ts";
import { notRouted, type WebRequest } from "./http/web-routes.ts";
import { problem } from "./problems/problem.ts";
import type { Who } from "./routes/route.ts";
import { permits } from "./security/roles.ts";

/** Every request ends in 10 s: what takes longer is answered without an outcome. */
const DEADLINE_MS = 9_000;
const DRAIN_MS = 2_000;

export default function (settings: Settings): ServiceSchema {
  return createApiGatewayService({ port: settings.PORT });
}

interface Options {
  readonly port: number;
  readonly host?: string;
  readonly drainMs?: number;
  readonly clock?: () => number;
}

/** What moleculer-web and this service keep on `this`. */
interface GatewayService extends Service {
  gateway: Gateway;
  readonly aliases: Parameters<typeof notRouted>[0];
  httpHandler(request: GatewayRequest, response: GatewayResponse): Promise<void>;
  addRoute(route: Gateway["webRoutes"][number]): void;
}

/** The HTTP edge of the cluster. `routes/` is its table of contents. */
export function createApiGatewayService({
  port,
  host,
  drainMs = DRAIN_MS,
  clock = Date.now,
}: Options): ServiceSchema {
  return {
    name: "api-gateway",
    mixins: [ApiGateway as unknown as Partial<ServiceSchema>],

    settings: {
      // The server and the routes are made below: moleculer-web's server can be given no time-outs, and settings
      // are told to every node.
      server: false,
      routes: null,
      logRequest: null,
      logResponse: null,
      logRequestParams: null,
      logRouteRegistration: null,
      rootCallOptions,
    },

    // moleculer-web's own: whoever is in the cluster could add routes.
    actions: {
      listAliases: false,
      addRoute: false,
      removeRoute: false,
      // All HTTP requests are one action, those whose bodies come slowly and those for health among them.
      rest: { bulkhead: { enabled: false } },
    },

    methods: {
      authenticate(this: GatewayService, _ctx: Context, _route: unknown, request: GatewayRequest) {
        return this.gateway.authenticate(request);
      },
      authorize(_ctx: Context, { name }: { name: Exclude<Who, "anyone"> }, { exchange }: GatewayRequest) {
        if (!permits(exchange.user?.roles ?? [], name)) throw problem("forbidden");
      },
      errorHandler(this: GatewayService, request: GatewayRequest, response: GatewayResponse, error: unknown) {
        this.gateway.fail(request, response, error);
      },
      send404(this: GatewayService, request: WebRequest) {
        throw notRouted(this.aliases, request.parsedUrl);
      },
      resolveAlias(this: GatewayService, path: string, method: string) {
        const found = (ApiGateway.methods as ServiceMethods).resolveAlias;
        return found?.call(this, path, method === "HEAD" ? "GET" : method);
      },
      // Each route parses its own query, strictly.
      parseQueryString: ({ url = "/" }: GatewayRequest) => ({ url: url.split("?", 1)[0], query: {} }),
    },

    created(this: GatewayService) {
      const handle: GatewayService["httpHandler"] = (request, response) =>
        this.httpHandler(request, response);
      this.gateway = createGateway({
        broker: this.broker,
        logger: this.logger,
        port,
        host,
        drainMs,
        clock,
        handle,
      });
      for (const route of this.gateway.webRoutes) this.addRoute(route);
      // Before anything else stops: requests still come in, and need the cluster.
      this.broker.middlewares.add({ name: "DrainGateway", stopping: () => this.gateway.drain() });
    },

    started(this: GatewayService) {
      return this.gateway.start();
    },

    stopped(this: GatewayService) {
      return this.gateway.stop();
    },
  } as unknown as ServiceSchema;
}

type ServiceMethods = Record<string, (...args: unknown[]) => unknown>;

/** How moleculer-web starts the request's root call: with our request id instead of what the client sent, and a deadline. */
function rootCallOptions(options: CallingOptions, { exchange }: GatewayRequest): void {
  options.requestID = exchange.requestId;
  options.timeout = DEADLINE_MS;
  options.retries = 0;
  options.tracking = false;
  options.meta = exchange.traceparent ? { traceparent: exchange.traceparent } : {};
}
