"""The workers' side of a job: queues, worker, lease."""
