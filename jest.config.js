/** Tests run the TypeScript sources as ES modules, with Node's own type stripping: no build step. */
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tests/support/strip-types.cjs" },
  modulePathIgnorePatterns: ["<rootDir>/data/"],
  reporters: ["default", "<rootDir>/tests/support/summary-reporter.cjs"],
  maxWorkers: 2,
  testTimeout: 40_000,
};
