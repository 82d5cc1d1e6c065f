// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFraudVerifier} from "../../interfaces/IFraudVerifier.sol";
import {IRollup} from "../../interfaces/IRollup.sol";
import {BlobOpening} from "../../lib/BlobOpening.sol";

/// @title A judge that compares the last root in the blob with the asserted root
/// @notice Returns true if they differ. Roots in calldata were compared when the assertion was proposed, and their
/// number follows from the entries, so nothing else about the ends of an assertion can be wrong.
contract EndpointVerifier is IFraudVerifier {
    /// @inheritdoc IFraudVerifier
    /// @dev The proof contains the last root as its field element, and its opening.
    function isFraudulent(IRollup.Assertion calldata claimed, IRollup.Assertion calldata parent, bytes calldata encoded)
        external
        view
        returns (bool)
    {
        if (!claimed.rootsInBlob) return false;
        (bytes32 last, bytes memory opening) = abi.decode(encoded, (bytes32, bytes));
        BlobOpening.Part[] memory parts = new BlobOpening.Part[](1);
        uint256 index = claimed.segments - parent.segments - 1;
        parts[0] = BlobOpening.Part(claimed.roots, index, abi.encodePacked(last));
        BlobOpening.verify(parts, opening);
        return last != claimed.root;
    }
}
