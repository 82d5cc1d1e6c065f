// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICondition} from "../../interfaces/ICondition.sol";

/// @title A fair coin flip between two players, as an application inside a payment channel
/// @notice Each player commits to a secret. With both secrets known the coin is `keccak256(secretA, secretB)`: A wins
/// if it is even, B if it is odd. Off chain the players reveal their secrets to each other and the loser pays. A player
/// that has lost and withholds its secret gains nothing: the other player records its own secret here before
/// `revealBy`, and afterwards wins by forfeit unless the second secret was recorded as well.
/// @dev The contract holds no money: a lock of kind 2 in a channel names it, and pays the lock's receiver the result of
/// `resolve`.
/// @custom:security `resolve` pays only if the player named by `aWins` has won. A secret in a transaction is public; it
/// decides a game only together with the other secret, which is already committed.
contract CoinFlip is ICondition {
    /// @notice The terms that both players agree on.
    /// @param commitA The keccak256 hash of A's 32-byte secret
    /// @param commitB The keccak256 hash of B's 32-byte secret; must differ from A's
    /// @param revealBy The last second at which a secret can be recorded, in Unix seconds
    /// @param aWins True if the lock pays when A wins, false if it pays when B wins
    /// @param stake The payment of the lock in that case, in token units
    struct Terms {
        bytes32 commitA;
        bytes32 commitB;
        uint256 revealBy;
        bool aWins;
        uint256 stake;
    }

    /// @notice Emitted when a secret is recorded in time.
    /// @param commitment The keccak256 hash of the secret
    /// @param revealBy The last second at which a secret of the game can be recorded
    /// @param secret The secret
    event SecretRevealed(bytes32 indexed commitment, uint256 indexed revealBy, bytes32 secret);

    /// @notice Thrown when the time to record secrets of the game is over.
    /// @param timestamp The time of the block
    /// @param revealBy The last second at which a secret can be recorded
    error RevealLate(uint256 timestamp, uint256 revealBy);
    /// @notice Thrown when the evidence does not decide the game.
    error GameUndecided();

    /// @notice Returns the secret recorded for a commitment and a `revealBy`; zero for none.
    mapping(bytes32 commitment => mapping(uint256 revealBy => bytes32)) public secretOf;

    /// @notice Records a secret.
    /// @dev Anyone may call, because a commitment has only one secret.
    /// @param secret The secret
    /// @param revealBy The last second at which a secret of the game can be recorded
    function reveal(bytes32 secret, uint256 revealBy) external {
        if (block.timestamp > revealBy) revert RevealLate(block.timestamp, revealBy);
        bytes32 commitment = keccak256(abi.encode(secret));
        secretOf[commitment][revealBy] = secret;
        emit SecretRevealed(commitment, revealBy, secret);
    }

    /// @inheritdoc ICondition
    /// @dev terms = abi.encode(Terms); evidence = abi.encode(bytes32 secretA, bytes32 secretB), zero for an unknown
    /// secret. Reverts while the game is undecided; returns zero if the other side has won.
    function resolve(bytes32, bytes calldata terms, bytes calldata evidence) external view returns (uint256 amount) {
        Terms memory game = abi.decode(terms, (Terms));
        (bytes32 secretA, bytes32 secretB) = abi.decode(evidence, (bytes32, bytes32));
        bool knownA = keccak256(abi.encode(secretA)) == game.commitA;
        bool knownB = keccak256(abi.encode(secretB)) == game.commitB;
        return _aWon(game, secretA, secretB, knownA, knownB) == game.aWins ? game.stake : 0;
    }

    function _aWon(Terms memory game, bytes32 secretA, bytes32 secretB, bool knownA, bool knownB)
        private
        view
        returns (bool)
    {
        // A player that copied the other's commitment would know the other's secret as its own.
        if (game.commitA == game.commitB) revert GameUndecided();
        if (knownA && knownB) return uint256(keccak256(abi.encode(secretA, secretB))) & 1 == 0;
        if (block.timestamp <= game.revealBy) revert GameUndecided();
        bool recordedA = secretOf[game.commitA][game.revealBy] != 0;
        bool recordedB = secretOf[game.commitB][game.revealBy] != 0;
        // If both are recorded, the secrets are public and no player wins by forfeit.
        if (recordedA == recordedB) revert GameUndecided();
        return recordedA;
    }
}
