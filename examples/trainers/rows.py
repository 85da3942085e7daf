"""Trains a classifier of table rows with JAX, fed by stoker.

    python examples/trainers/rows.py

The server makes a table of numbers, some of them missing, fills the gaps, and
joins its columns to one vector for each row. Printed are the accuracy on other rows
of the same task, and how long the training took and waited for rows. JAX chooses
the device.
"""

import argparse
import pathlib
import tempfile
import time

import jax
import jax.numpy as jnp
import server

import stoker

CLASSES, WIDTH, BATCH = 4, 64, 512
TABLE = {"Informative": 6, "Redundant": 4, "Noise": 10, "Classes": CLASSES, "Separation": 1.5, "Missing": 0.02}


def rows(count, seed, **config):
    source = {"table": {"Rows": count, "Seed": seed, **TABLE}}
    return {"Source": source, "Transforms": ["tabular.Impute", "tabular.Concat"], "BatchSize": BATCH, **config}


def new_network(features):
    """Weights of a perceptron with one hidden layer."""
    one, two = jax.random.split(jax.random.key(1))
    return {
        "w1": jax.random.normal(one, (features, WIDTH)) * jnp.sqrt(2 / features),
        "b1": jnp.zeros(WIDTH),
        "w2": jax.random.normal(two, (WIDTH, CLASSES)) * jnp.sqrt(2 / WIDTH),
        "b2": jnp.zeros(CLASSES),
    }


def scores(net, x):
    return jax.nn.relu(x @ net["w1"] + net["b1"]) @ net["w2"] + net["b2"]


def loss(net, x, label):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores(net, x)), label[:, None], 1))


@jax.jit
def step(net, speed, x, label, rate):
    """Learn from a batch by gradient descent with momentum."""
    slope = jax.grad(loss)(net, x, label)
    speed = jax.tree.map(lambda v, g: 0.9 * v - rate * g, speed, slope)
    return jax.tree.map(jnp.add, net, speed), speed


@jax.jit
def right(net, x, label):
    return jnp.sum(jnp.argmax(scores(net, x), 1) == label)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--rows", type=int, default=200_000)
    args.add_argument("--epochs", type=int, default=5)
    args = args.parse_args()
    datasets = {
        "train": rows(args.rows, 1, Order="loader.Shuffle", Remainder="drop"),
        "test": rows(20_480, 2),
    }
    with tempfile.TemporaryDirectory() as directory:
        command = server.command(pathlib.Path(directory), datasets)
        with stoker.Loader.spawn(command, dataset="train") as loader:
            net = new_network(loader.schema["features"].shape[0])
            speed = jax.tree.map(jnp.zeros_like, net)
            began, waited, n, steps = time.perf_counter(), 0.0, 0, len(loader) * args.epochs
            for _ in range(args.epochs):
                batches = loader.jax()
                while True:
                    asked = time.perf_counter()
                    batch = next(batches, None)
                    waited += time.perf_counter() - asked
                    if batch is None:
                        break
                    jax.block_until_ready(net)  # one step ahead is enough, and holds few batches
                    net, speed = step(net, speed, batch["features"], batch["label"], 0.1 * (1 - n / steps))
                    n += 1
            jax.block_until_ready(net)
            took = time.perf_counter() - began
        known = seen = 0
        with stoker.Loader.spawn(command, dataset="test") as loader:
            for batch in loader.jax():
                known += int(right(net, batch["features"], batch["label"]))
                seen += len(batch["label"])
    print(
        f"{args.epochs} epochs of {args.rows} rows on {jax.devices()[0].platform}: accuracy {known / seen:.1%} on "
        f"{seen} others, {took:.1f} s ({n * BATCH / took:.0f} rows/s), {waited:.1f} s of them waiting for rows"
    )


if __name__ == "__main__":
    main()
