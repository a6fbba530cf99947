"""`python -m tests.chart` (`make chart`) writes everything around the chart that is made from something else."""

from tests.chart import manifests, settings_files

settings_files.write()
manifests.write()
