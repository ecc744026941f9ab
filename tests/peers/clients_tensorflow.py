"""TensorFlow: its kernels, its sigmoid cross-entropy, losses over sampled classes, ``tf.nn.nce_loss`` on our points.

``tf.nn.nce_loss`` has one target and ``num_sampled`` noise classes an example. Here every data point is an example with
its share of the noise points, an example without a share gets a class whose logit is -1e30, and the classes' biases are
the ln p_m; ``expected_count`` is nu p_n. It takes p_n itself, not its logarithm.

Over classes its negatives are the batch's (our layout ``shared``), the counts k q_c are handed to it, and counts of 1
make its loss negative sampling. ``remove_accidental_hits`` is False by default in ``nce_loss`` and True in
``sampled_softmax_loss``, which is then another objective.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import tensorflow as tf

from nce_ref.oracle.conventions import OURS, Convention
from nce_ref.oracle.objectives import EVERY
from tests.peers.clients import Client

MINIMISED = Convention(sense="minimise")


def nce_loss(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    n_data, dtype = len(log_model_data), log_model_data.dtype
    count_data, count_noise = (
        tf.exp(log_p + math.log(nu)) for log_p in (log_noise_data, log_noise_noise)
    )
    biases = tf.concat([log_model_data, log_model_noise, tf.constant([-1e30], dtype)], axis=0)
    counts = tf.concat([count_data, count_noise, tf.constant([1.0], dtype)], axis=0)
    weights = tf.zeros([len(biases), 1], dtype)
    padding = len(biases) - 1
    total = tf.zeros([], dtype)
    for example, share in enumerate(np.array_split(np.arange(n_data, padding), n_data)):
        classes = tf.constant([*share.tolist()] or [padding], dtype=tf.int64)
        total += tf.nn.nce_loss(
            weights,
            biases,
            labels=tf.constant([[example]], dtype=tf.int64),
            inputs=tf.zeros([1, 1], dtype),
            num_sampled=len(classes),
            num_classes=len(biases),
            sampled_values=(
                classes,
                counts[example : example + 1, None],
                tf.gather(counts, classes),
            ),
        )[0]
    return -total / n_data


def cross_entropy(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    logits = tf.concat(
        [log_model_data - log_noise_data, log_model_noise - log_noise_noise], axis=0
    ) - math.log(nu)
    labels = tf.concat([tf.ones_like(log_model_data), tf.zeros_like(log_model_noise)], axis=0)
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)) / len(
        log_model_data
    )


def over_classes(loss, with_counts=True, **options):
    """The mean over rows of ``tf.nn.nce_loss`` or ``tf.nn.sampled_softmax_loss``, the negatives shared by all rows."""

    def value(hidden, class_vectors, biases, targets, negatives, noise_probabilities=None):
        labels, sampled = (tf.cast(ids, tf.int64) for ids in (targets, negatives))
        n_classes, n_sampled = class_vectors.shape[0], negatives.shape[0]
        counts = tf.ones_like(biases)
        if with_counts:
            counts = n_sampled * noise_probabilities
        return tf.reduce_mean(
            loss(
                class_vectors,
                biases,
                labels[:, None],
                hidden,
                n_sampled,
                n_classes,
                sampled_values=(
                    sampled,
                    tf.gather(counts, labels)[:, None],
                    tf.gather(counts, sampled),
                ),
                **options,
            )
        )

    return value


def client(name, objective, function, remark="", convention=OURS):
    derivatives = [output for output in EVERY[objective].outputs if output.derivative_of]

    def implementation(**inputs):
        given = {
            name: tf.constant(value) if isinstance(value, np.ndarray) else value
            for name, value in inputs.items()
        }
        with tf.GradientTape() as tape:
            for output in derivatives:
                tape.watch(given[output.derivative_of])
            value = function(**given)
        gradients = tape.gradient(value, [given[output.derivative_of] for output in derivatives])
        dense = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
        return {
            "value": value.numpy(),
            **{output.name: gradient for output, gradient in zip(derivatives, dense)},
        }

    return Client(name, objective, implementation, convention, remark)


loss_client = functools.partial(client, convention=MINIMISED)

CLIENTS = [
    client("tf.math.log_sigmoid", "log_sigmoid", lambda t: tf.math.log_sigmoid(t)),
    client("tf.math.sigmoid", "sigmoid", lambda t: tf.math.sigmoid(t)),
    client("tf.nn.sigmoid_cross_entropy_with_logits", "binary_nce", cross_entropy),
    client(
        "tf.nn.nce_loss",
        "binary_nce",
        nce_loss,
        "takes p_n, which underflows where ln p_n is -1000; a unigram's does not",
    ),
    loss_client("tf.nn.nce_loss", "class_nce/shared", over_classes(tf.nn.nce_loss)),
    loss_client(
        "tf.nn.nce_loss, remove_accidental_hits=True",
        "class_nce/shared",
        over_classes(tf.nn.nce_loss, remove_accidental_hits=True),
        "another objective: hits are no negatives",
    ),
    loss_client(
        "tf.nn.nce_loss, counts of 1",
        "negative_sampling/shared",
        over_classes(tf.nn.nce_loss, with_counts=False),
    ),
    loss_client(
        "tf.nn.sampled_softmax_loss, remove_accidental_hits=False",
        "sampled_softmax/shared",
        over_classes(tf.nn.sampled_softmax_loss, remove_accidental_hits=False),
    ),
    loss_client(
        "tf.nn.sampled_softmax_loss (its default)",
        "sampled_softmax/shared",
        over_classes(tf.nn.sampled_softmax_loss),
        "another objective: hits are left out of the denominator",
    ),
]
