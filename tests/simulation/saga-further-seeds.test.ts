import { describeSeeds } from "./describe-seeds.ts";

// In a file of its own, so that it may run beside the first ones.
describeSeeds(10_001, 20_000);
