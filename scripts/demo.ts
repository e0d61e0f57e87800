/**
 * `make demo`: places real orders over HTTP against the running cluster of DATA_DIR and shows their way. Exit code 1
 * when something went another way than it should.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Product } from "../services/inventory/contract.ts";
import { type Cluster, loadCluster } from "./cluster/cluster.ts";
import { addressesOf } from "./cluster/layout.ts";
import { livingRecords } from "./cluster/records.ts";
import { createShopClient, type ShopClient } from "./cluster/shop-client.ts";
import { CannotDo, type CommandInput, runCommand } from "./command.ts";
import { createOutsideWorld, type OutsideWorld } from "./demo/outside-world.ts";
import { formatMoney, listProducts, placeOrder, signUp, stockOf, watchOrder } from "./demo/shopping.ts";
import { createStory, type Story } from "./demo/story.ts";

const MAILS_WITHIN_MS = 10_000;

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** What every chapter needs. */
interface Scene {
  readonly shop: ShopClient;
  readonly outside: OutsideWorld;
  readonly story: Story;
}

await runCommand(demo);

async function demo({ settings }: CommandInput): Promise<number> {
  const cluster = loadCluster(settings.DATA_DIR);
  if (!cluster || livingRecords(settings.DATA_DIR).length === 0)
    throw new CannotDo(`No cluster of ${settings.DATA_DIR} runs: \`make up\` first.`);
  const story = createStory();
  console.log(`A demo against ${addressesOf(cluster).gateway}`);
  const scene = { story, outside: createOutsideWorld(cluster), shop: await customerSignsUp(cluster, story) };
  const { lines, scarce } = await chooseProducts(scene);
  const first = await orderIsFulfilled(scene, lines);
  await requestIsRepeated(scene, lines, first);
  await cardIsDeclined(scene, lines);
  await stockIsShort(scene, scarce);
  const failures = story.failures();
  console.log(
    failures.length === 0 ? "\nAll went as it should." : `\n${failures.length} expectations did not hold.`,
  );
  return failures.length === 0 ? 0 : 1;
}

async function customerSignsUp(cluster: Cluster, { chapter, tell }: Story): Promise<ShopClient> {
  chapter("A customer registers and signs in");
  const email = `demo-${randomBytes(4).toString("hex")}@example.com`;
  const shop = await signUp(createShopClient(addressesOf(cluster).gateway), email);
  tell(email);
  return shop;
}

async function chooseProducts({ shop, story }: Scene): Promise<{ lines: Line[]; scarce: Product }> {
  story.chapter("The products");
  const products = await listProducts(shop);
  for (const { sku, name, price, available } of products)
    story.tell(
      `${sku.padEnd(12)} ${name.padEnd(16)} ${formatMoney(price).padStart(10)}  ${available} available`,
    );
  const plenty = products.filter(({ available }) => available >= 2).slice(-2);
  const scarce = products.find(({ available }) => available < 1000);
  if (plenty.length === 0 || !scarce)
    throw new CannotDo("The demo needs products with some stock, and a scarce one.");
  return { lines: plenty.map(({ sku }, index) => ({ sku, quantity: 2 - index })), scarce };
}

async function orderIsFulfilled(scene: Scene, items: Line[]): Promise<{ key: string; orderId: string }> {
  scene.story.chapter(`An order that is fulfilled: ${describeLines(items)}`);
  const key = randomUUID();
  const orderId = await orderReaches("fulfilled", { scene, items, mails: 3, place: { items }, key });
  return { key, orderId };
}

async function requestIsRepeated(
  { shop, story }: Scene,
  items: Line[],
  { key, orderId }: { key: string; orderId: string },
): Promise<void> {
  story.chapter("The same request again, with the same Idempotency-Key");
  const { status, headers, body } = await placeOrder(shop, { items }, { key });
  const replayed = headers.get("idempotent-replayed");
  story.tell(`${status} ${body.id}, Idempotent-Replayed: ${replayed}`);
  story.expect(
    status === 201 && replayed === "true" && body.id === orderId,
    "the first order is answered again",
  );
}

async function cardIsDeclined(scene: Scene, items: Line[]): Promise<void> {
  scene.story.chapter("An order whose card is declined: the stock that was held is released");
  const place = { items, paymentMethod: "pm_card_declined" };
  await orderReaches("rejected", { scene, items, mails: 2, place, key: randomUUID() });
}

async function stockIsShort({ shop, story }: Scene, { sku, available }: Product): Promise<void> {
  const quantity = available + 1;
  story.chapter(`More than there is: ${describeLines([{ sku, quantity }])}`);
  const { status, body } = await shop.post<{ detail?: string }>("/v1/orders", { items: [{ sku, quantity }] });
  story.tell(`${status} ${body.detail ?? ""}`);
  story.expect(status === 409, `it is refused with 409 (it was answered ${status})`);
}

/** Places an order, shows its way and all that it did, and answers its id. */
async function orderReaches(
  end: "fulfilled" | "rejected",
  {
    scene: { shop, outside, story },
    items,
    mails,
    place,
    key,
  }: { scene: Scene; items: Line[]; mails: number; place: Parameters<typeof placeOrder>[1]; key: string },
): Promise<string> {
  const skus = items.map(({ sku }) => sku);
  const before = await stockOf(shop, skus);
  const { status, body } = await placeOrder(shop, place, { key });
  if (status !== 201) throw new CannotDo(`The order was answered with ${status}: ${JSON.stringify(body)}.`);
  story.tell(`201 ${body.id}, number ${body.number}, ${formatMoney(body.total)}`);
  const order = await watchOrder(shop, body.id, story.tell);
  story.expect(order.status === end, `the order is ${end} (it is ${order.status})`);
  const subjects = await outside.mailsOf(order.id, { expected: mails, timeoutMs: MAILS_WITHIN_MS });
  for (const subject of subjects) story.tell(`mail     ${subject}`);
  for (const { kind, outcome, amount, currency } of outside.paymentsOf(order.id))
    story.tell(`payment  ${kind} ${formatMoney({ amount, currency })} ${outcome}`);
  const after = await stockOf(shop, skus);
  for (const sku of skus) story.tell(`stock    ${sku} ${before.get(sku)} -> ${after.get(sku)}`);
  return order.id;
}

function describeLines(lines: readonly Line[]): string {
  return lines.map(({ sku, quantity }) => `${quantity} x ${sku}`).join(", ");
}
