# Every command of the project. Settings come as variables: `make up PORT=4100` or `PORT=4100 make up`.
RUN = @scripts/run.sh

.DEFAULT_GOAL = help
# `make scale orders=3` hands its words on in MAKEFLAGS.
.PHONY: up down status scale logs repl demo test check help

up down status scale logs repl demo check help:
	$(RUN) scripts/$@.ts

# `make test ARGS=tests/unit` runs some of them.
test:
	$(RUN) --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js $(ARGS)
