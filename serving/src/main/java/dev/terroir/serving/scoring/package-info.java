/// The scoring process of a service: the inference server of the retired service, in the service's
/// own environment. [ScoringProcess] is one of them, [ScoringContainer] the container that it may
/// run in.
@NullMarked
package dev.terroir.serving.scoring;

import org.jspecify.annotations.NullMarked;
