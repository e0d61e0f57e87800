/** How the demo tells what it does: numbered chapters, lines below them, and what went another way than it should. */
export interface Story {
  chapter(title: string): void;
  tell(line: string): void;
  /** Notes an expectation that does not hold. */
  expect(holds: boolean, expectation: string): void;
  failures(): readonly string[];
}

export function createStory(): Story {
  const failed: string[] = [];
  let chapters = 0;
  const tell = (line: string) => console.log(`   ${line}`);
  return {
    chapter(title) {
      chapters += 1;
      console.log(`\n${chapters}. ${title}`);
    },
    tell,
    expect(holds, expectation) {
      if (holds) return;
      failed.push(expectation);
      tell(`NOT AS EXPECTED: ${expectation}`);
    },
    failures: () => failed,
  };
}
