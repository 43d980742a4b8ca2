"""What the workers of queues.py run: rq finds functions by name, celery by registration."""

import os

import celery

PORT = os.environ.get("TASKS_PORT", "6379")
REDIS = "redis://127.0.0.1:%s/0" % PORT

app = celery.Celery("tasks", broker=REDIS, backend=REDIS)
app.conf.update(broker_transport_options={"visibility_timeout": 3600, "polling_interval": 0.05},
                worker_hijack_root_logger=False, broker_connection_retry=False,
                task_default_queue="celery")


def add(a, b):
    return a + b


def fail():
    raise ValueError("as it was told to")


def total_of_dependencies(*_):
    import rq
    return sum(job.result for job in rq.get_current_job().fetch_dependencies())


@app.task
def product(a, b):
    return a * b


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=5)
def third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries
